{#- The on-run-start check: says which release the sources read, and stops the run when one of them would not read it. -#}
{% macro twin_check() -%}
  {%- if execute -%}
    {%- for place, nodes in warehouse_twin.twin_readers() -%}
      {%- set what = place['twin'] ~ '@' ~ (place['release'] or warehouse_twin.twin_published(place)) -%}
      {%- if place['release'] and not adapter.check_schema_exists(place['database'], place['schema']) -%}
        {{ exceptions.raise_compiler_error("warehouse_twin: there is no release " ~ what ~ ": no schema " ~ place['schema'] ~ " in " ~ (place['database'] or 'this warehouse') ~ "; next: name one that twin releases " ~ place['twin'] ~ " lists") }}
      {%- endif -%}
      {%- for node in nodes -%}
        {%- do warehouse_twin.twin_must_be_read(node, place, what) -%}
      {%- endfor -%}
      {%- set names = nodes | map(attribute='source_name') | unique | sort | join(', ') -%}
      {%- do log('warehouse_twin: ' ~ ('source ' ~ names ~ ' reads ' if names else 'the twin is ') ~ what ~ ' (schema ' ~ place['schema'] ~ ')', info=true) -%}
    {%- endfor -%}
  {%- endif -%}
{%- endmacro %}


{#- Places of twins, each with the source tables that the selected nodes read there. -#}
{% macro twin_readers() -%}
  {%- set asked, readers, used = warehouse_twin.twin_asked(), {}, [] -%}
  {%- if asked and asked is not mapping -%}
    {%- set place = warehouse_twin.twin_place(none) -%}
    {%- do readers.update({place['schema']: (place, [])}) -%}{#- looked at also when no selected node reads a source -#}
  {%- endif -%}
  {%- for unique_id in selected_resources -%}
    {%- do used.extend([unique_id] + (graph.nodes.get(unique_id, {}).get('depends_on', {}).get('nodes', []) | list)) -%}
  {%- endfor -%}
  {%- for unique_id in used | unique | sort if asked and unique_id in graph.sources -%}
    {%- set node = graph.sources[unique_id] -%}
    {%- set place = warehouse_twin.twin_place(node['source_name']) -%}
    {%- if place is none -%}
      {%- do log('warehouse_twin: ' ~ node['source_name'] ~ '.' ~ node['name'] ~ ' is read as it is declared', info=true) -%}
    {%- else -%}
      {%- do readers.setdefault(place['schema'], (place, []))[1].append(node) -%}
    {%- endif -%}
  {%- endfor -%}
  {{ return(readers.values() | list) }}
{%- endmacro %}


{#- Stops where a source table is not in the release, or where the project's source() does not lead to it. -#}
{% macro twin_must_be_read(node, place, what) -%}
  {%- set name = node['source_name'] ~ '.' ~ node['name'] -%}
  {%- set read = source(node['source_name'], node['name']) -%}
  {%- if read.external or (read.database or none, read.schema) != (place['database'], place['schema']) -%}
    {{ exceptions.raise_compiler_error("warehouse_twin: the project asks for " ~ what ~ ", but its source() reads " ~ name ~ " from " ~ read ~ ": the macro source is not overridden, or is by another one; next: twin dbt install PROJECT") }}
  {%- elif adapter.get_relation(read.database, read.schema, read.identifier) is none -%}
    {{ exceptions.raise_compiler_error("warehouse_twin: " ~ what ~ " has no table " ~ read.identifier ~ " (source " ~ name ~ "): looked in schema " ~ read.schema ~ " of " ~ (read.database or 'this warehouse') ~ "; next: add the table to the manifest of " ~ place['twin'] ~ ", or name another release") }}
  {%- endif -%}
{%- endmacro %}
