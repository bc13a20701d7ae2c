select c_custkey as customer_key, c_nationkey as nation_key, c_mktsegment as segment, c_acctbal as balance
from {{ source('tpch', 'customer') }}
