{#- Fails for each row whose `columns` are all filled and are not the `to_columns` of any row of `to`: a foreign key of any width. -#}
{% test valid_reference(model, columns, to, to_columns) %}
select 1 as orphan
from {{ model }} as child
where true
{%- for column in columns %}
  and child.{{ adapter.quote(column) }} is not null
{%- endfor %}
  and not exists (
    select 1
    from {{ to }} as parent
    where true
    {%- for column in columns %}
      and parent.{{ adapter.quote(to_columns[loop.index0]) }} = child.{{ adapter.quote(column) }}
    {%- endfor %}
  )
{% endtest %}
