-- Every line is in the orders' mart once.
select 1 as broken
from (select sum(lines) as lines from {{ ref('fct_orders') }}) as orders
cross join (select count(*) as lines from {{ ref('fct_lines') }}) as lines
where orders.lines <> lines.lines
