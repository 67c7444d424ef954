select
    make_timestamp(epoch_us(published_at))::date as day,
    language,
    sum(copies) as articles,
    count(*) as texts
from {{ source('copydesk', 'articles_unique') }}
where published_at is not null
group by all
