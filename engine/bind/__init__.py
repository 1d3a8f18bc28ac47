"""engine/bind"""
