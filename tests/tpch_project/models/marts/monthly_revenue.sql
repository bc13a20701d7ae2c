select cast({{ dbt.date_trunc('month', 'ordered_on') }} as date) as month, sum(revenue) as revenue, count(*) as lines,
    avg(case when is_late then 1.0 else 0.0 end) as late_share, avg(days_to_ship) as days_to_ship
from {{ ref('fct_lines') }}
group by 1
