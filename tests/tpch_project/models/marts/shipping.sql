select ship_mode, return_flag, count(*) as lines, avg(days_to_ship) as days_to_ship, avg(days_in_transit) as days_in_transit,
    avg(case when is_late then 1.0 else 0.0 end) as late_share
from {{ ref('fct_lines') }}
group by ship_mode, return_flag
