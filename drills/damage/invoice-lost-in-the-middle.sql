-- Invoice lost in the middle: account-sequence-gaps has to see it.
SET LOCAL session_replication_role = replica;
DELETE FROM account_move WHERE id=(SELECT id FROM account_move WHERE state='posted' AND move_type='out_invoice' AND sequence_prefix=(SELECT sequence_prefix FROM account_move WHERE move_type='out_invoice' AND state='posted' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1) ORDER BY sequence_number OFFSET 3 LIMIT 1);
