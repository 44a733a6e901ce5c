-- id: queue_job_stale     kind: action    module: queue_job    odoo: 14-18
-- needs: queue_job
-- bad = jobs frozen as started/enqueued by the recovery point. They block their channel for ever
-- (OCA runner caveat) until requeued with queue-job-requeue.sql BEFORE Odoo is started.
SELECT count(*) FILTER (WHERE state IN ('started','enqueued')) AS bad,
       count(*) FILTER (WHERE state NOT IN ('done','cancelled')) AS total,
       (SELECT string_agg(state || '=' || n, ' ') FROM (SELECT state, count(*) n FROM queue_job GROUP BY 1 ORDER BY 1) x) AS detail
  FROM queue_job;
