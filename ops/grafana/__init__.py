"""The dashboards of Grafana, as Python that makes their JSON."""
