select
    agency,
    count(distinct group_id) as texts,
    count(*) as articles,
    count(*) filter (where not is_credited) as without_credit
from {{ source('copydesk', 'wire_spread') }}
group by agency
