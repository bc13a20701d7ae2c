select orders.order_key, orders.customer_key, orders.ordered_on, orders.status, orders.priority, orders.total,
    count(lines.order_key) as lines, sum(lines.revenue) as revenue, min(lines.days_to_ship) as days_to_first_shipment,
    sum(case when lines.is_late then 1 else 0 end) as late_lines
from {{ ref('stg_orders') }} as orders left join {{ ref('fct_lines') }} as lines on lines.order_key = orders.order_key
group by orders.order_key, orders.customer_key, orders.ordered_on, orders.status, orders.priority, orders.total
