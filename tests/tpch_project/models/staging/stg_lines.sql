select l_orderkey as order_key, l_linenumber as line_number, l_partkey as part_key, l_suppkey as supplier_key,
    l_quantity as quantity, l_extendedprice as price, l_discount as discount, l_tax as tax,
    l_returnflag as return_flag, l_linestatus as line_status,
    l_shipdate as shipped_on, l_commitdate as promised_for, l_receiptdate as received_on, l_shipmode as ship_mode
from {{ source('tpch', 'lineitem') }}
