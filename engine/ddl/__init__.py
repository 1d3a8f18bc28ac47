"""engine/ddl"""
