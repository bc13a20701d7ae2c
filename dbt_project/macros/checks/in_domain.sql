{#- Fails for each value, as text, that is not in the declared domain. dbt's accepted_values does not escape quotes in values. -#}
{% test in_domain(model, column_name, domain) %}
select {{ column_name }} as outside
from {{ model }}
where {{ column_name }} is not null
  and cast({{ column_name }} as varchar) not in (
    {%- for text in domain %}
    '{{ text | replace("'", "''") }}'{{ ',' if not loop.last }}
    {%- endfor %}
  )
{% endtest %}
