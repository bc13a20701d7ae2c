{#- The release that a source reads, such as flights@7; an empty text where it is read as it is declared. With one twin for all
    sources no source need be named. While dbt parses nothing is asked: then the published release has no number yet. -#}
{% macro twin_release(source_name=none) -%}
  {%- set place = warehouse_twin.twin_place(source_name) -%}
  {%- if place is none -%}
    {{ return('') }}
  {%- elif place['release'] is not none -%}
    {{ return(place['twin'] ~ '@' ~ place['release']) }}
  {%- elif not execute -%}
    {{ return(place['twin'] ~ '@published') }}
  {%- endif -%}
  {{ return(place['twin'] ~ '@' ~ warehouse_twin.twin_published(place)) }}
{%- endmacro %}


{#- The number in the `_release` row of a public schema. -#}
{% macro twin_published(place) -%}
  {%- set where = "schema '" ~ place['public'] ~ "' of " ~ (place['database'] or 'this warehouse') -%}
  {%- set relation = adapter.get_relation(place['database'], place['public'], '_release') -%}
  {%- if relation is none -%}
    {{ exceptions.raise_compiler_error("warehouse_twin: no release of " ~ place['twin'] ~ " is published in " ~ where ~ ": it has no table _release; wanted the schema that readers of the twin see; next: publish one, connect to the warehouse it is in, or name its place in the vars twin_schemas and twin_database") }}
  {%- endif -%}
  {%- set rows = run_query('select twin, release from ' ~ relation).rows -%}
  {%- if rows | length != 1 or rows[0][0] != place['twin'] -%}
    {%- set got = 'a release of ' ~ rows[0][0] if rows | length == 1 else (rows | length) ~ ' rows in _release' -%}
    {{ exceptions.raise_compiler_error("warehouse_twin: got " ~ got ~ " in " ~ where ~ ", wanted one of " ~ place['twin'] ~ "; next: correct the var twin, or name the twin's schema in the var twin_schemas") }}
  {%- endif -%}
  {{ return(rows[0][1] | int) }}
{%- endmacro %}
