-- Sale line lost: sale-totals has to see it.
SET LOCAL session_replication_role = replica;
DELETE FROM sale_order_line WHERE id=(SELECT max(l.id) FROM sale_order_line l JOIN sale_order o ON o.id=l.order_id WHERE o.state='sale' AND l.price_subtotal>1);
