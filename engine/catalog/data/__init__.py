"""engine/catalog/data"""
