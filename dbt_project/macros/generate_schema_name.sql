{#- Every model lands in the release's own schema; dbt's default would add the profile's schema before it. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ return(var('twin_schema')) }}
{%- endmacro %}
