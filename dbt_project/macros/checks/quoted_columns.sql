{#- Column names, quoted and separated by commas; `of` is an alias to put before each. -#}
{% macro quoted_columns(columns, of=none) -%}
  {%- for column in columns -%}
    {{ of ~ '.' if of }}{{ adapter.quote(column) }}{{ ', ' if not loop.last }}
  {%- endfor -%}
{%- endmacro %}
