select suppliers.supplier_key, suppliers.balance, count(lines.order_key) as lines, count(distinct lines.part_key) as parts,
    sum(lines.revenue) as revenue
from {{ ref('stg_suppliers') }} as suppliers left join {{ ref('fct_lines') }} as lines on lines.supplier_key = suppliers.supplier_key
group by suppliers.supplier_key, suppliers.balance
