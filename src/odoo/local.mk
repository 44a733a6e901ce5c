noinst_LIBRARIES += src/odoo/libodoo.a
src_odoo_libodoo_a_SOURCES = \
	src/odoo/attachments.c \
	src/odoo/attachments.h \
	src/odoo/fence.c \
	src/odoo/fence.h \
	src/odoo/names.c \
	src/odoo/names.h
