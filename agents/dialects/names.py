"""What events are called, in every vocabulary that we know, and what each name means to us."""

import re
from typing import Literal, get_args

Kind = Literal["view", "click", "add_to_cart", "purchase", "list_shown"]
Meaning = Literal[Kind, "search", "review", "identify"]

KINDS: tuple[str, ...] = get_args(Kind)
OWN_KINDS = frozenset((*KINDS, "basket", "order", "copy_shown"))
"""What our own records call their kind."""

NAMES: dict[str, Meaning] = {
    # Segment
    "product_viewed": "view",
    "product_clicked": "click",
    "product_added": "add_to_cart",
    "wishlist_product_added_to_cart": "add_to_cart",
    "order_completed": "purchase",
    "product_list_viewed": "list_shown",
    "products_searched": "search",
    "product_reviewed": "review",
    "identify": "identify",
    "alias": "identify",
    # GA4
    "view_item": "view",
    "select_item": "click",
    "add_to_cart": "add_to_cart",
    "purchase": "purchase",
    "view_item_list": "list_shown",
    "search": "search",
    "view_search_results": "search",
    "login": "identify",
    "sign_up": "identify",
    # Snowplow
    "product_view": "view",
    "list_click": "click",
    "transaction": "purchase",
    "list_view": "list_shown",
    "site_search": "search",
}
"""Name in lower case with `_` between words, to meaning."""

_NOTHING_TO_US = """
    product_removed cart_viewed cart_shared checkout_started checkout_step_viewed checkout_step_completed
    payment_info_entered order_updated order_refunded order_cancelled coupon_entered coupon_applied coupon_denied
    coupon_removed product_list_filtered product_shared promotion_viewed promotion_clicked product_added_to_wishlist
    product_removed_from_wishlist page screen group signed_up signed_in signed_out application_installed
    application_opened application_updated application_backgrounded application_foregrounded application_crashed
    application_uninstalled install_attributed deep_link_opened push_notification_received push_notification_tapped

    remove_from_cart view_cart begin_checkout add_shipping_info add_payment_info add_to_wishlist refund
    view_promotion select_promotion select_content share generate_lead page_view session_start first_visit first_open
    user_engagement scroll file_download form_start form_submit video_start video_progress video_complete app_remove
    app_update os_update screen_view in_app_purchase exception

    promo_click promo_view checkout_step trns_error
"""

NOTHING_TO_US = frozenset(_NOTHING_TO_US.split())
"""Names that Segment, GA4 or Snowplow know and that tell us nothing: such an event is no error of its producer."""

_GAP = re.compile(r"[\s-]+")


def plain(name: str) -> str:
    """Return *name* as it stands in the tables: `Product Viewed` is `product_viewed`."""
    return _GAP.sub("_", name[:100].strip()).casefold()
