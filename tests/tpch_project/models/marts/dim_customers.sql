select customers.customer_key, nations.nation, nations.region, customers.segment, customers.balance,
    count(orders.order_key) as orders, sum(orders.total) as ordered, min(orders.ordered_on) as first_order, max(orders.ordered_on) as last_order
from {{ ref('stg_customers') }} as customers
join {{ ref('stg_nations') }} as nations on nations.nation_key = customers.nation_key
left join {{ ref('stg_orders') }} as orders on orders.customer_key = customers.customer_key
group by customers.customer_key, nations.nation, nations.region, customers.segment, customers.balance
