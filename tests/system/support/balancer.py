"""nginx in front of several instances, as in production: any of them may get any request."""

import subprocess

from support import swarm
from support.cluster import free_port, wait_until_ready


class Balancer:
    """Requests go to the instances by turns; one that cannot be reached is passed over."""

    def __init__(self, folder, ports):
        self.port = free_port()
        servers = " ".join(f"server 127.0.0.1:{port} max_fails=1 fail_timeout=1s;" for port in ports)
        places = "\n".join(f"  {name}_temp_path {folder}/{name};"
                           for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        config = folder / "nginx.conf"
        config.write_text(f"""daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
worker_processes 1; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off;
{places}
  upstream usher {{ {servers} keepalive 64; }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location / {{
      proxy_pass http://usher; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_buffering off;
    }}
  }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-c", str(config), "-p", str(folder)],
                                        stdin=subprocess.DEVNULL)
        wait_until_ready(self.process, self.port)

    def fire(self, requests):
        """As swarm.fire; the answers without nginx's own header."""
        return swarm.fire(self.port, requests, added=("server",))

    def stop(self):
        self.process.terminate()
        self.process.wait()
