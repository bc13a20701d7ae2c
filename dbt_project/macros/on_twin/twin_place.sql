{#- Where the tables of a source are while the project runs on a twin: twin, release (none: the published one), database, schema.
    None where the source is read as it is declared. Nothing is asked of the warehouse. -#}
{% macro twin_place(source_name) -%}
  {%- set reference = warehouse_twin.twin_reference(source_name) -%}
  {%- if not reference -%}
    {{ return(none) }}
  {%- endif -%}
  {%- set twin, separator, number = (reference if reference is string else '').partition('@') -%}
  {%- if not twin or (separator and number != 'published' and not modules.re.fullmatch('[1-9][0-9]*', number)) -%}
    {{ exceptions.raise_compiler_error("warehouse_twin: got '" ~ reference ~ "' as a twin, wanted its name, such as flights for the published release or flights@7 for that one") }}
  {%- endif -%}
  {%- set release = number | int if number not in ('', 'published') else none -%}
  {%- set public = (warehouse_twin.twin_var('twin_schemas') or {}).get(twin, twin) -%}
  {{ return({
    'twin': twin,
    'release': release,
    'database': warehouse_twin.twin_var('twin_database') or target.database or none,
    'public': public,
    'schema': public if release is none else public ~ '__r' ~ release,
  }) }}
{%- endmacro %}


{#- What is asked for: a twin for all sources, or a mapping of each source to one. The var `twin` says it, else the var
    `twin_targets` for the target of this name. -#}
{% macro twin_asked() -%}
  {%- set asked = warehouse_twin.twin_var('twin') -%}
  {{ return((warehouse_twin.twin_var('twin_targets') or {}).get(target.name) if asked is none else asked) }}
{%- endmacro %}


{#- A var of ours, also where it stands below the name of this package or of the project: dbt shows those to nodes of that package
    alone, and the check, which is of this package, must see what the models see. -#}
{% macro twin_var(name) -%}
  {%- set found = namespace(value=var(name, none)) -%}
  {%- for package in (project_name, 'warehouse_twin') if found.value is none and var(package, none) is mapping -%}
    {%- set found.value = var(package).get(name) -%}
  {%- endfor -%}
  {{ return(found.value) }}
{%- endmacro %}


{% macro twin_reference(source_name) -%}
  {%- set asked = warehouse_twin.twin_asked() -%}
  {%- if asked is not mapping -%}
    {{ return(asked) }}
  {%- elif source_name not in asked -%}
    {{ exceptions.raise_compiler_error("warehouse_twin: no twin is named for source '" ~ source_name ~ "'; wanted one for each source (got " ~ asked.keys() | join(', ') ~ "), or false for one that is to be read as it is declared") }}
  {%- endif -%}
  {{ return(asked[source_name]) }}
{%- endmacro %}
