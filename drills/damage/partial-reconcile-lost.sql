-- Partial reconcile lost: account-residuals has to see it.
SET LOCAL session_replication_role = replica;
DELETE FROM account_partial_reconcile WHERE id=(SELECT min(id) FROM account_partial_reconcile);
