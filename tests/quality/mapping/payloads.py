"""Payloads as their senders write them, shortened to what a reader needs; names and amounts are invented."""

VIEWED = {
    "messageId": "s1",
    "type": "track",
    "event": "Product Viewed",
    "anonymousId": "browser",
    "timestamp": "2017-06-01T11:00:00.000Z",
    "context": {"userAgent": "Firefox", "page": {"url": "https://shop.example/p/7", "referrer": "https://a.example/"}},
    "properties": {"product_id": "7", "price": 1.5, "colour": "red"},
}
SEGMENT_CALLS = [
    VIEWED,
    {
        "messageId": "s2",
        "type": "page",
        "name": "Home",
        "anonymousId": "browser",
        "originalTimestamp": "2017-06-01T11:00:01Z",
        "properties": {"url": "https://shop.example/", "referrer": "https://b.example/"},
    },
    {
        "messageId": "s3",
        "type": "screen",
        "userId": "9",
        "timestamp": "2017-06-01T11:00:02Z",
        "context": {"device": {"id": "B5372DB0-C21E"}},
    },
    {
        "messageId": "s4",
        "type": "identify",
        "userId": "9",
        "timestamp": "2017-06-01T11:00:03Z",
        "traits": {"email": "zoe@example.com", "phone": "+49 30 1"},
    },
    {
        "messageId": "s5",
        "type": "alias",
        "userId": "9",
        "previousId": "browser",
        "timestamp": "2017-06-01T11:00:04Z",
    },
    {"messageId": "s6", "type": "group", "userId": "9", "groupId": "acme", "timestamp": "2017-06-01T11:00:05Z"},
    {"messageId": "s7", "type": "teleport", "userId": "9", "timestamp": "2017-06-01T11:00:06Z"},
]

GA4_PURCHASE = {
    "event_date": "20170601",
    "event_timestamp": "1496314800123456",
    "event_name": "purchase",
    "event_params": [
        {"key": "ga_session_id", "value": {"int_value": "1496314000"}},
        {"key": "currency", "value": {"string_value": "EUR"}},
        {"key": "page_location", "value": {"string_value": "https://shop.example/thanks"}},
    ],
    "event_bundle_sequence_id": "42",
    "user_id": "9",
    "user_pseudo_id": "123.456",
    "ecommerce": {"purchase_revenue": 8.5, "transaction_id": "T-1"},
    "items": [
        {"item_id": "7", "price": 1.5, "quantity": "2", "item_revenue": 3.0},
        {"item_id": "8", "price": 5.5},
    ],
}
GA4_VIEW = {
    "event_timestamp": "1496314700000000",
    "event_name": "view_item",
    "event_params": [{"key": "page_location", "value": {"string_value": "https://shop.example/p/7"}}],
    "user_pseudo_id": "123.456",
    "device": {"vendor_id": "B5372DB0-C21E"},
    "items": [{"item_id": "7", "price": 1.5, "item_category": "Jam"}],
}
GA4_SCROLL = {
    "event_timestamp": 1496314700500000,
    "event_name": "scroll",
    "event_params": [],
    "user_pseudo_id": "123.456",
}

CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "A234-1234",
    "source": "/shop/tills",
    "type": "com.example.order.completed",
    "time": "2017-06-01T11:00:00Z",
    "datacontenttype": "application/json",
    "data": {
        "user_id": "9",
        "deviceId": "B5372DB0-C21E",
        "order_id": "b1",
        "total": 3,
        "currency": "EUR",
        "products": [{"product_id": "7", "quantity": 2, "price": "1.50"}],
    },
}

SHOPIFY_ORDER = {
    "id": 450789469,
    "name": "#1001",
    "email": "zoe@example.com",
    "created_at": "2017-06-01T13:00:00+02:00",
    "processed_at": "2017-06-01T13:00:00+02:00",
    "cancelled_at": None,
    "currency": "EUR",
    "total_price": "409.94",
    "financial_status": "pending",
    "discount_codes": [{"code": "TENOFF", "amount": "10.00", "type": "fixed_amount"}],
    "customer": {"id": 207119551, "email": "zoe@example.com", "phone": None},
    "client_details": {"user_agent": "Safari"},
    "line_items": [
        {
            "id": 466157049,
            "product_id": 632910392,
            "quantity": 2,
            "price": "199.00",
            "total_discount": "0.00",
            "discount_allocations": [{"amount": "3.34"}, {"amount": "1.00"}],
        },
        {"id": 518995019, "product_id": 7, "quantity": 1, "price": "21.94", "total_discount": "5.66"},
    ],
}
SHOPIFY_REFUND = {
    "id": 929361464,
    "order_id": 450789469,
    "created_at": "2017-06-03T10:00:00Z",
    "processed_at": "2017-06-03T10:00:00Z",
    "refund_line_items": [
        {"quantity": 1, "subtotal": 197.83, "line_item": {"product_id": 632910392, "price": "199.00"}}
    ],
    "transactions": [{"kind": "refund", "amount": "197.83", "currency": "EUR"}],
}

IDENTIFY = {
    "messageId": "s9",
    "type": "identify",
    "userId": "9",
    "anonymousId": "browser",
    "timestamp": "2017-06-01T11:00:03.123456Z",
    "context": {"locale": "de-DE", "timezone": "Europe/Berlin", "library": {"name": "analytics.js"}},
    "traits": {
        "email": " Zoe@Example.com ",
        "firstName": "Zoë",
        "lastName": "Maurer",
        "phone": "030 901820",
        "birthday": "1980-05-17T00:00:00.000Z",
        "address": {"street": "Am Markt 1", "city": "Berlin", "postalCode": "10115", "country": "Germany"},
        "plan": "gold",
    },
}

HUBSPOT_CONTACT = {
    "id": "512",
    "properties": {
        "email": "zoe@example.com",
        "firstname": "Zoë",
        "lastname": "Maurer",
        "phone": "030 901820",
        "zip": "10115",
        "country": "Germany",
        "hs_language": "de",
        "hs_timezone": "europe_slash_berlin",
        "date_of_birth": "1980-05-17",
        "hs_email_optout": "true",
        "lastmodifieddate": "2017-06-01T10:00:00.000Z",
        "createdate": "2016-01-02T03:04:05.000Z",
        "hs_object_id": "512",
    },
    "createdAt": "2016-01-02T03:04:05.000Z",
    "updatedAt": "2017-06-01T10:00:00.000Z",
    "archived": False,
}
SALESFORCE_ACCOUNT = {
    "attributes": {"type": "Account", "url": "/services/data/v62.0/sobjects/Account/001D000000IRFmaIAH"},
    "Id": "001D000000IRFmaIAH",
    "FirstName": "Zoë",
    "LastName": "Maurer",
    "PersonEmail": "zoe@example.com",
    "Phone": "030 901820",
    "PersonBirthdate": "1980-05-17",
    "PersonMailingPostalCode": "10115",
    "PersonMailingCountry": "Germany",
    "PersonHasOptedOutOfEmail": True,
    "CreatedDate": "2016-01-02T03:04:05.000+0000",
    "SystemModstamp": "2017-06-01T10:00:00.000+0000",
}
