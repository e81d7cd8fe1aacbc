-- The steps of each visit, in order: a list, perhaps a search, products looked at, the cart, the checkout.
create or replace table sim_page as
with step as (
  select
    sim_visit.*, unnest([
      {'position': 0, 'name': 'Product List Viewed', 'keep': true, 'product': null},
      {'position': 1, 'name': 'Products Searched', 'keep': chance(visit_key, 'search') < 0.3, 'product': null},
      {'position': 2, 'name': 'Product Viewed', 'keep': true, 'product': products[1]},
      {'position': 3, 'name': 'Product Viewed', 'keep': chance(visit_key, 'second') < 0.6, 'product': products[2]},
      {'position': 4, 'name': 'Product Viewed', 'keep': chance(visit_key, 'third') < 0.35, 'product': products[3]},
      {'position': 5, 'name': 'Product Added', 'keep': is_online or chance(visit_key, 'add') < 0.2, 'product': products[1]},
      {'position': 6, 'name': 'Product Added', 'keep': is_online, 'product': products[2]},
      {'position': 7, 'name': 'Cart Viewed', 'keep': is_online, 'product': null},
      {'position': 8, 'name': 'Checkout Started', 'keep': is_online, 'product': null}
    ], recursive := true)
  from sim_visit
)
select
  household_id, name, channel, device, started_at + seconds(position * (15 + 25 * chance(visit_key, 'pace'))) as occurred_at,
  'visit ' || visit_key || ' ' || position as message_key,
  case when name = 'Products Searched' then json_object('query', lower(step.category))
       when product is not null then json_object('product_id', product::varchar, 'category', products.product_category,
         'brand', products.brand)
       when name = 'Checkout Started' then json_object('order_id', basket_id::varchar)
       when name = 'Cart Viewed' then json_object()
       else json_object('category', step.category) end as properties
from step
left join products on products.product_id = step.product
where keep and (product is not null or name not in ('Product Viewed', 'Product Added'));
