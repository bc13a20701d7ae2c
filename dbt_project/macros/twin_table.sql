{#- The one line of every model: its synthesized rows, each column cast to the source's exact type. -#}
{% macro twin_table() -%}
select
{%- for column in var('twin_tables')[model.name] %}
  cast({{ adapter.quote(column['name']) }} as {{ column['type'] }}) as {{ adapter.quote(column['name']) }}{{ ',' if not loop.last }}
{%- endfor %}
from {{ source('synthetic', model.name) }}
{%- endmacro %}
