"""engine/functions"""
