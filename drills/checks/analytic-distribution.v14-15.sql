-- id: analytic_distribution  kind: assert   module: account    odoo: 14-15   (columns confirmed in source, not run)
-- needs: account_move_line.analytic_account_id, account_analytic_line.move_id
-- In 14/15 account_analytic_line.move_id points at the journal ITEM. Items with analytic tags (splits) are skipped.
SELECT count(*) FILTER (WHERE abs(got + balance) > 0.05) AS bad, count(*) AS total, string_agg(id::text, ', ') FILTER (WHERE abs(got + balance) > 0.05) AS detail
  FROM (SELECT l.id, l.balance, coalesce((SELECT sum(a.amount) FROM account_analytic_line a WHERE a.move_id = l.id AND a.account_id = l.analytic_account_id),0) AS got
          FROM account_move_line l JOIN account_move m ON m.id = l.move_id
         WHERE m.state = 'posted' AND l.analytic_account_id IS NOT NULL AND l.balance <> 0
           AND NOT EXISTS (SELECT 1 FROM account_analytic_tag_account_move_line_rel t WHERE t.account_move_line_id = l.id)) s;
