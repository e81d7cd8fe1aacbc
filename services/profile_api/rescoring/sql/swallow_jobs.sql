-- Removes the waiting jobs of tenant $1 whose requests the caller will see, for they were committed together.
delete from procrastinate.procrastinate_jobs
where id in (
  select id
  from procrastinate.procrastinate_jobs
  where status = 'todo'
    and task_name = 'rescore'
    and lock = 'rescoring:' || $1::integer
  for update skip locked
)
