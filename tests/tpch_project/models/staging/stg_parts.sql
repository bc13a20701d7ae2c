select p_partkey as part_key, p_brand as brand, p_container as container, p_size as size, p_retailprice as retail_price
from {{ source('tpch', 'part') }}
