select o_orderkey as order_key, o_custkey as customer_key, o_orderstatus as status, o_orderdate as ordered_on,
    o_orderpriority as priority, o_totalprice as total
from {{ source('tpch', 'orders') }}
