"""engine/catalog"""
