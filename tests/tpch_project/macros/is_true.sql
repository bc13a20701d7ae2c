{#- Rows for which an expression over the model's columns does not hold. -#}
{% test is_true(model, expression) %}
select 1 as broken from {{ model }} where not ({{ expression }})
{% endtest %}
