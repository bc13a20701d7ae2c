{#- Every model lands in the release's own schema; dbt's default would add the profile's schema before it. In a project that has this
    one as a package no model is of this package, but dbt asks all the same for where the check before a run would be. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
  {{ return(var('twin_schema', none) or target.schema) }}
{%- endmacro %}
