-- Journal item edited: account-balanced has to see it.
SET LOCAL session_replication_role = replica;
UPDATE account_move_line SET debit=debit+1, balance=balance+1 WHERE id=(SELECT max(l.id) FROM account_move_line l JOIN account_move m ON m.id=l.move_id WHERE m.state='posted');
