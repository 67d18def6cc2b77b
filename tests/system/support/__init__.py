"""What the system tests share: the server's process, clients, catalogues and signatures."""
