{#- What source() of a project on a twin returns: the declared relation, or the table of the same name in the twin's release. -#}
{% macro twin_source(relation, source_name) -%}
  {%- set place = warehouse_twin.twin_place(source_name) -%}
  {%- if place is none or relation.is_cte -%}{#- a unit test gives its own rows -#}
    {{ return(relation) }}
  {%- endif -%}
  {%- set moved = relation.replace_path(database=place['database'], schema=place['schema']) -%}
  {{ return(moved.replace(external=none) if moved.external else moved) }}{#- dbt-duckdb would go on reading the real file -#}
{%- endmacro %}
