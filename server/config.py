"""Config: what the command line said, checked, as one frozen value."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .auth import TokenCheck


class ConfigError(Exception):
    """The command line asks for something that cannot be, or that would be unsafe."""


@dataclass(frozen=True, slots=True)
class Config:
    """How to serve."""

    data_dir: Path = Path("data")
    hosts: tuple[str, ...] = ("127.0.0.1",)
    port: int = 5432  # 0: any free one
    unix_socket_dir: Path | None = None
    in_memory: bool = False
    dsql: bool = False
    dsql_limits: tuple[str, ...] = ()  # NAME=SIZE
    dsql_tokens: str = "any"  # or trust, check
    settings: tuple[str, ...] = ()  # NAME=VALUE
    journals: int = 1
    superuser: str = "postgres"
    password: str | None = None  # of the superuser
    token_check: TokenCheck | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_self_signed: bool = False
    max_connections: int = 500
    max_prepared_transactions: int = 0
    authentication_timeout: float = 60.0  # seconds, as PostgreSQL
    shutdown_timeout: float = 10.0
    busy_poll: int = 50  # microseconds
    write_buffer_bytes: int = 256 * 1024
    log_level: str = "warning"

    def __post_init__(self) -> None:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ConfigError("--tls-cert and --tls-key belong together")
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"there is no port {self.port}")
        if self.dsql and self.dsql_tokens == "check" and not (self.tls_self_signed or self.tls_certificate):
            raise ConfigError("--dsql-tokens check needs --tls self-signed, or --tls-cert and --tls-key")
        if self.dsql and self.dsql_tokens == "check" and self.password is not None:
            raise ConfigError(
                "--dsql-tokens check and a password exclude each other: signatures prove nothing here"
            )
        if self.journals < 1:
            raise ConfigError("at least one journal is needed")
        if self.max_connections < 1:
            raise ConfigError("--max-connections must be at least 1")
        if self.password is None and self.token_check is None:
            for host in self.hosts:
                if not is_loopback(host):
                    raise ConfigError(
                        f"refusing to listen on {host} without a password: give --password-file or --password"
                    )

    def for_engine(self) -> dict[str, Any]:
        """What open_engine wants to know."""
        return {
            "data_dir": str(self.data_dir),
            "in_memory": self.in_memory,
            "dsql": self.dsql,
            "dsql_limits": self.dsql_limits,
            "settings": self.settings,
            "journals": self.journals,
            "superuser": self.superuser,
            "port": self.port,
            "listen_addresses": ",".join(self.hosts),
            "max_connections": self.max_connections,
            "max_prepared_transactions": self.max_prepared_transactions,
        }


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address; "" is a Unix socket."""
    if host in ("localhost", ""):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
