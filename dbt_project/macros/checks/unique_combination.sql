{#- Fails for each combination of `columns` that more than one row has; rows with a null in it do not count. -#}
{% test unique_combination(model, columns) %}
select count(*) as n_records
from {{ model }}
where true
{%- for column in columns %}
  and {{ adapter.quote(column) }} is not null
{%- endfor %}
group by {{ quoted_columns(columns) }}
having count(*) > 1
{% endtest %}
