-- id: posted_moves        kind: info      module: account    odoo: 14-18
-- needs: account_move.state
-- What odoo-count.scenario compares Odoo's own count with.
SELECT count(*) FROM account_move WHERE state = 'posted';
