select s_suppkey as supplier_key, s_nationkey as nation_key, s_acctbal as balance
from {{ source('tpch', 'supplier') }}
