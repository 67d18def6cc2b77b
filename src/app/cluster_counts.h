/* cluster_counts.h - what the stores and locks of an instance have counted, added up. */
#pragma once

#include "app/cluster.h"
#include "ports/sharing.h"

/* For metrics, while the cluster is open. */
struct sharing cluster_counts_port(struct cluster *cluster);
