select parts.brand, sum(lines.revenue) as revenue, sum(lines.quantity) as quantity, avg(lines.unit_price / parts.retail_price) as price_kept
from {{ ref('fct_lines') }} as lines join {{ ref('stg_parts') }} as parts on parts.part_key = lines.part_key
group by parts.brand
