-- id: analytic_distribution  kind: assert   module: account    odoo: 16-18
-- needs: account_move_line.analytic_distribution, account_analytic_line.move_line_id
-- Project accounting: posted journal items with an analytic distribution must have their analytic lines, and the
-- amounts must add up to -balance * percent (account.move.line._prepare_analytic_distribution_line).
SELECT count(*) FILTER (WHERE abs(got - expect) > 0.05) AS bad, count(*) AS total,
       string_agg(id::text, ', ') FILTER (WHERE abs(got - expect) > 0.05) AS detail
  FROM (SELECT l.id, coalesce((SELECT sum(a.amount) FROM account_analytic_line a WHERE a.move_line_id = l.id),0) AS got,
               -l.balance * (SELECT sum(e.value::text::numeric) FROM jsonb_each(l.analytic_distribution) e) / 100.0 AS expect
          FROM account_move_line l JOIN account_move m ON m.id = l.move_id
         WHERE m.state = 'posted' AND l.analytic_distribution IS NOT NULL AND l.analytic_distribution::text NOT IN ('{}','null') AND l.balance <> 0) s;
