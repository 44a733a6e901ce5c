-- Invoice total edited: account-move-totals has to see it.
SET LOCAL session_replication_role = replica;
UPDATE account_move SET amount_total=amount_total+5 WHERE id=(SELECT max(id) FROM account_move WHERE state='posted' AND move_type='out_invoice');
