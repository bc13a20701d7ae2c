select return_flag, line_status, count(*) as lines, sum(quantity) as quantity, sum(price) as price, sum(revenue) as revenue,
    avg(unit_price) as unit_price
from {{ ref('fct_lines') }}
group by return_flag, line_status
