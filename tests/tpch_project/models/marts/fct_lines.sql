select lines.order_key, lines.line_number, lines.part_key, lines.supplier_key, orders.customer_key, orders.ordered_on,
    lines.quantity, lines.price, lines.price * (1 - lines.discount) as revenue, lines.price / lines.quantity as unit_price,
    lines.return_flag, lines.line_status, lines.ship_mode,
    {{ dbt.datediff('orders.ordered_on', 'lines.shipped_on', 'day') }} as days_to_ship,
    {{ dbt.datediff('lines.shipped_on', 'lines.received_on', 'day') }} as days_in_transit,
    lines.received_on > lines.promised_for as is_late
from {{ ref('stg_lines') }} as lines join {{ ref('stg_orders') }} as orders on orders.order_key = lines.order_key
