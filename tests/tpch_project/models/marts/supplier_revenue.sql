select nations.region, count(distinct suppliers.supplier_key) as suppliers, sum(lines.revenue) as revenue, avg(lines.quantity) as quantity
from {{ ref('fct_lines') }} as lines
join {{ ref('stg_suppliers') }} as suppliers on suppliers.supplier_key = lines.supplier_key
join {{ ref('stg_nations') }} as nations on nations.nation_key = suppliers.nation_key
group by nations.region
