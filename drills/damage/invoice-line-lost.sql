-- Invoice line lost: sale-invoiced-qty has to see it.
SET LOCAL session_replication_role = replica;
DELETE FROM account_move_line WHERE id=(SELECT max(invoice_line_id) FROM sale_order_line_invoice_rel);
