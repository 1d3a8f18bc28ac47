"""engine/types"""
