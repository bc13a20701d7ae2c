select customers.region, customers.segment, count(distinct orders.order_key) as orders, sum(orders.revenue) as revenue
from {{ ref('fct_orders') }} as orders join {{ ref('dim_customers') }} as customers on customers.customer_key = orders.customer_key
group by customers.region, customers.segment
