select n_nationkey as nation_key, n_name as nation, r_name as region
from {{ source('tpch', 'nation') }} join {{ source('tpch', 'region') }} on r_regionkey = n_regionkey
