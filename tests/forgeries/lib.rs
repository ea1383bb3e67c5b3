//! Empty. The folder `cases` holds the cases, each with the expected compiler output beside it.
